metadata name = 'Settings'
metadata description = 'The app settings: those that the code reads and those of the platform, and no other.'

import { KustoTarget, Limits } from 'types.bicep'

@description('Name of the function app.')
param siteName string

@description('Client id of the app\'s identity.')
param identityClientId string

@description('Name of the storage account.')
param storageAccountName string

@description('Blob endpoint of the storage account.')
param blobEndpoint string

@description('Queue endpoint of the storage account.')
param queueEndpoint string

@description('Connection string of Application Insights. No secret: local authentication is off.')
param applicationInsightsConnectionString string

@description('Where the app ingests.')
param kusto KustoTarget

@description('Limits.')
param limits Limits

@description('Path of the route file, from the app\'s folder.')
param routesFile string

@description('URI of the Key Vault, with a slash at the end.')
param keyVaultUri string

@description('App settings that hold a webhook secret, as routes.toml names them. The secret in the vault has the same name with - for _.')
param webhookSecretNames string[]

// The app reads a plain setting; the platform puts the secret into it. Without a version in the URI a rotated secret arrives by itself
// within a day, at once when the platform is told to read it (docs/security.md).
var webhookSecrets = toObject(
  webhookSecretNames,
  name => name,
  name => '@Microsoft.KeyVault(SecretUri=${keyVaultUri}secrets/${replace(name, '_', '-')})'
)

resource site 'Microsoft.Web/sites@2024-11-01' existing = {
  name: siteName
}

// Replaces all settings of the app: what is set by hand is gone with the next deployment.
// Flex Consumption refuses FUNCTIONS_WORKER_RUNTIME, FUNCTIONS_EXTENSION_VERSION, WEBSITE_RUN_FROM_PACKAGE and the like: the runtime
// stands in functionAppConfig (function.bicep).
resource appSettings 'Microsoft.Web/sites/config@2024-11-01' = {
  parent: site
  name: 'appsettings'
  properties: union(
    {
      // The host's own storage, by identity: all three are needed. No setting AzureWebJobsStorage, not even an empty one: it would
      // win. By account name, not by service URIs: those gave 401s now and then on Flex Consumption (azure-functions-host issue 11782).
      AzureWebJobsStorage__accountName: storageAccountName
      AzureWebJobsStorage__credential: 'managedidentity'
      AzureWebJobsStorage__clientId: identityClientId

      // The connection of the triggers. The queue URI is needed though blobs are what is triggered on: the host puts blob events that it
      // gives up on into a queue of this connection.
      LANDING__blobServiceUri: blobEndpoint
      LANDING__queueServiceUri: queueEndpoint
      LANDING__credential: 'managedidentity'
      LANDING__clientId: identityClientId

      KUSTO_CLUSTER_URI: kusto.clusterUri
      KUSTO_INGEST_URI: kusto.ingestUri
      KUSTO_DATABASE: kusto.database
      KUSTO_AUTH: 'managed_identity'
      KUSTO_BLOB_ACCESS: kusto.blobAccess
      AZURE_CLIENT_ID: identityClientId
      ROUTES_FILE: routesFile
      MAX_BODY_BYTES: string(limits.maxBodyBytes)
      MAX_RAW_BYTES: string(limits.maxRawBytes)
      DEADLINE_SECONDS: string(limits.deadlineSeconds)
      RETRY_DELAY_SECONDS: string(limits.retryDelaySeconds)

      APPLICATIONINSIGHTS_CONNECTION_STRING: applicationInsightsConnectionString
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
      // The worker passes trace context on and leaves exporting to the app.
      PYTHON_ENABLE_OPENTELEMETRY: 'true'
    },
    webhookSecrets
  )
}

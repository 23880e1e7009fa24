metadata name = 'Event ingestion into Azure Data Explorer'
metadata description = 'Everything the app needs in Azure: function app, storage, identities and roles, Kusto, Event Grid topic, monitoring. No key is used.'

targetScope = 'subscription'

import { Principal, PrincipalType } from 'modules/types.bicep'

@description('Name of the environment: names and tags of all resources come from it.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('Azure region. Flex Consumption must be offered there.')
@minLength(1)
@metadata({
  azd: {
    type: 'location'
  }
})
param location string

@description('Object id of the deployer, who gets to read and write secrets, write landing blobs and administer the database. Empty: gets nothing. azd fills it in.')
param principalId string = ''

@description('Kind of the deployer: ServicePrincipal in a pipeline. azd fills it in.')
param principalType PrincipalType = 'User'

// Kusto, one of three:
//   existingKustoResourceId  a cluster of this tenant, known by its resource id: its database gets roles and scripts
//   existingKustoUri         a cluster known by URI only (Fabric Eventhouse, free cluster, another tenant): nothing of Kusto is deployed
//   neither                  a new cluster
@description('Resource id of a cluster that exists, in any subscription of this tenant. It needs streaming ingestion and the database kustoDatabase. The deployer must be Contributor of it and AllDatabasesAdmin (with kustoBlobAccess=sas: Admin of the database). Empty: another mode.')
param existingKustoResourceId string = ''

@description('Engine (query) URI of a cluster that is known by URI only. Roles and tables are then made by hand: output KUSTO_GRANT_COMMANDS. Empty: another mode.')
param existingKustoUri string = ''

@description('Ingestion URI that belongs to existingKustoUri. Empty: the app derives it.')
param existingKustoIngestUri string = ''

@description('Database. Created in a new cluster; must exist in any other.')
param kustoDatabase string = 'Events'

@description('How the cluster reads a blob that is queued by reference. managed_identity=system: by its own identity (a role on the landing container, and script 05, which needs AllDatabasesAdmin). sas: by a signature for one blob. auto: the first where the cluster is ours or known by resource id and has an identity, else the second.')
param kustoBlobAccess 'auto' | 'managed_identity=system' | 'sas' = 'auto'

@description('SKU of a new cluster. The Dev SKUs have one instance and no SLA.')
param kustoSku string = 'Dev(No SLA)_Standard_E2a_v4'

@description('Instances of a new cluster. A Dev SKU always has 1, any other at least 2.')
@minValue(1)
@maxValue(1000)
param kustoCapacity int = 1

@description('Most instances that optimized autoscale of a new cluster may start. Not above kustoCapacity: no autoscale. Dev SKUs never scale.')
@minValue(1)
@maxValue(1000)
param kustoMaximumCapacity int = 4

@description('Whether a new cluster stops by itself after five days without use. It does not start by itself again: false in production.')
param kustoAutoStop bool = true

@description('How long a new database keeps rows, as an ISO 8601 duration. Tables with a policy of their own (those in infra/kql) keep theirs.')
param kustoSoftDeletePeriod string = 'P365D'

@description('How long a new database keeps rows in the hot cache, as an ISO 8601 duration. Tables with a policy of their own (those in infra/kql) keep theirs.')
param kustoHotCachePeriod string = 'P31D'

@description('Further AllDatabasesAdmins of a new cluster, for example a CI identity where a person makes the cluster. Never the principal that makes it: that one is it already and a second assignment is refused.')
param kustoAdmins Principal[] = []

@description('Memory of an instance of the app, in MB.')
param instanceMemoryMB 512 | 2048 | 4096 = 2048

@description('Most instances of the app at once. All of them share what the cluster can take.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('HTTP requests at once on an instance. Python\'s default would be 1.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int = 100

@description('Instances that always wait for HTTP requests. 0: the first request after a pause waits for a cold start.')
@minValue(0)
@maxValue(1000)
param alwaysReadyHttp int = 0

@description('Instances that always wait for blob events. 0: blob events may find nobody to take them.')
@minValue(0)
@maxValue(1000)
param alwaysReadyBlob int = 1

@description('Whether app and storage are spread over availability zones. The platform then keeps two instances ready for each group of triggers, and bills them.')
param zoneRedundant bool = false

@description('Whether the app works from a virtual network and storage is reached through private endpoints only.')
param vnetEnabled bool = false

@description('Address range of the virtual network, in CIDR form, /23 or larger.')
param vnetAddressPrefix string = '10.80.0.0/23'

@description('Address ranges, in CIDR form, that may call the app besides Event Grid. Empty: everybody may.')
param allowedCallers string[] = []

@description('App settings that hold a webhook secret, as routes.toml names them.')
param webhookSecretNames string[] = [
  'GITHUB_WEBHOOK_SECRET'
]

@description('Secret that GitHub signs webhooks with. Used by the first deployment only; after that the vault\'s value stays. Empty: none is created.')
@secure()
param githubWebhookSecret string = ''

@description('Whether nobody can purge a deleted vault or secret before its 7 days are over. Once on, it cannot be turned off.')
param keyVaultPurgeProtection bool = false

@description('Path of the route file, from the app\'s folder.')
param routesFile string = 'routes.toml'

@description('Largest HTTP body, in bytes as sent.')
@minValue(1)
param maxBodyBytes int = 33554432

@description('Largest HTTP body, in bytes after decompression.')
@minValue(1)
param maxRawBytes int = 67108864

@description('Time an invocation may take to have its body held by Kusto, in seconds, where the route gives no deadline.')
@minValue(1)
param deadlineSeconds int = 60

@description('Wait before the first try of what was spooled, in seconds.')
@minValue(1)
param retryDelaySeconds int = 10

@description('Days for which receipts are kept: so long a repeated request or blob event is recognised.')
@minValue(1)
param ledgerDays int = 30

@description('Days for which dead letters are kept.')
@minValue(1)
param deadLetterDays int = 90

@description('Days for which telemetry is kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Address that alerts are sent to. Empty: alerts are only shown in the portal.')
param alertEmail string = ''

var abbreviations = loadJsonContent('abbreviations.json')
var token = uniqueString(subscription().id, environmentName, location)
var tags = {
  'azd-env-name': environmentName
}

// What must agree with the code: names in shared/storage/names.py, service key in azure.yaml, Python in .python-version.
var azdServiceName = 'ingest'
var pythonVersion = '3.13'
var landingContainer = 'landing'
var spoolContainer = 'spool'
var deadLetterContainer = 'deadletters'
var ledgerContainer = 'ledger'
var retryQueue = 'retries'
// Created here although the host would: a queue trigger listens on it from the start.
var poisonQueue = 'webjobs-blobtrigger-poison'
// What only the infrastructure knows.
var deploymentContainer = 'deployments'
var eventDeadLetterContainer = 'eventgrid-deadletters'

var resourceGroupName = '${abbreviations.resourcesResourceGroups}${environmentName}'
var functionAppName = '${abbreviations.webSitesFunctions}${token}'

var kustoIsExisting = !empty(existingKustoResourceId)
var kustoIsByUri = !kustoIsExisting && !empty(existingKustoUri)
var kustoIsNew = !kustoIsExisting && !kustoIsByUri
// /subscriptions/<2>/resourceGroups/<4>/providers/Microsoft.Kusto/clusters/<8>
var kustoIdParts = split(existingKustoResourceId, '/')
var kustoSubscriptionId = kustoIsExisting ? kustoIdParts[2] : subscription().subscriptionId
var kustoResourceGroupName = kustoIsExisting ? kustoIdParts[4] : resourceGroupName
var kustoClusterName = kustoIsExisting ? kustoIdParts[8] : '${abbreviations.kustoClusters}${token}'

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: resourceGroupName
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  scope: group
  params: {
    name: '${abbreviations.managedIdentityUserAssignedIdentities}${token}'
    location: location
    tags: tags
  }
}

module monitoring 'modules/monitoring.bicep' = {
  scope: group
  params: {
    workspaceName: '${abbreviations.operationalInsightsWorkspaces}${token}'
    componentName: '${abbreviations.insightsComponents}${token}'
    location: location
    tags: tags
    retentionDays: logRetentionDays
  }
}

module storage 'modules/storage.bicep' = {
  scope: group
  params: {
    name: '${abbreviations.storageStorageAccounts}${token}'
    location: location
    tags: tags
    containers: [
      landingContainer
      spoolContainer
      deadLetterContainer
      ledgerContainer
      deploymentContainer
      eventDeadLetterContainer
    ]
    queues: [
      retryQueue
      poisonQueue
    ]
    ledgerContainer: ledgerContainer
    deadLetterContainers: [
      deadLetterContainer
      eventDeadLetterContainer
    ]
    spoolContainer: spoolContainer
    ledgerDays: ledgerDays
    deadLetterDays: deadLetterDays
    zoneRedundant: zoneRedundant
    privateOnly: vnetEnabled
  }
}

module secrets 'modules/secrets.bicep' = {
  scope: group
  params: {
    name: '${abbreviations.keyVaultVaults}${token}'
    location: location
    tags: tags
    purgeProtection: keyVaultPurgeProtection
    githubWebhookSecret: githubWebhookSecret
  }
}

module events 'modules/events.bicep' = {
  scope: group
  params: {
    name: '${abbreviations.eventGridSystemTopics}${token}'
    location: location
    tags: tags
    storageAccountId: storage.outputs.id
  }
}

module kusto 'modules/kusto.bicep' = if (kustoIsNew) {
  scope: group
  params: {
    name: kustoClusterName
    location: location
    tags: tags
    database: kustoDatabase
    sku: kustoSku
    capacity: kustoCapacity
    maximumCapacity: kustoMaximumCapacity
    autoStop: kustoAutoStop
    softDeletePeriod: kustoSoftDeletePeriod
    hotCachePeriod: kustoHotCachePeriod
    admins: kustoAdmins
  }
}

// From here on a new cluster and one known by resource id are the same: a name, in a resource group.
module kustoEndpoints 'modules/kusto-endpoints.bicep' = if (!kustoIsByUri) {
  scope: resourceGroup(kustoSubscriptionId, kustoResourceGroupName)
  params: {
    clusterName: kustoClusterName
  }
  dependsOn: [
    kusto
  ]
}

module kustoAccess 'modules/kusto-access.bicep' = if (!kustoIsByUri) {
  scope: resourceGroup(kustoSubscriptionId, kustoResourceGroupName)
  params: {
    clusterName: kustoClusterName
    database: kustoDatabase
    appPrincipalId: identity.outputs.principalId
    // Not in another's cluster: its owner may have made the deployer administrator under another name, and a second assignment of the
    // same role is refused.
    deployerPrincipalId: kustoIsNew ? principalId : ''
    deployerPrincipalType: principalType
  }
  dependsOn: [
    kusto
  ]
}

var clusterPrincipalId = kustoIsByUri ? '' : kustoEndpoints!.outputs.principalId
// Without an identity of its own the cluster is given a SAS for each blob, signed by the app's identity. With vnetEnabled that cannot
// work: storage lets a cluster in by its identity only.
var clusterReadsByIdentity = kustoBlobAccess == 'auto' ? !empty(clusterPrincipalId) : kustoBlobAccess != 'sas'

module schema 'modules/schema.bicep' = if (!kustoIsByUri) {
  scope: resourceGroup(kustoSubscriptionId, kustoResourceGroupName)
  params: {
    clusterName: kustoClusterName
    database: kustoDatabase
    managedIdentity: clusterReadsByIdentity
  }
  // The scripts run as the deployer, who is administrator only now.
  dependsOn: [
    kustoAccess
  ]
}

module roles 'modules/roles.bicep' = {
  scope: group
  params: {
    storageAccountName: storage.outputs.name
    landingContainer: landingContainer
    eventDeadLetterContainer: eventDeadLetterContainer
    componentName: monitoring.outputs.componentName
    keyVaultName: secrets.outputs.name
    appPrincipalId: identity.outputs.principalId
    topicPrincipalId: events.outputs.principalId
    clusterPrincipalId: clusterReadsByIdentity ? clusterPrincipalId : ''
    deployerPrincipalId: principalId
    deployerPrincipalType: principalType
  }
}

// With it: the app's outbound traffic goes through the network, storage is closed to the internet. Event Grid still delivers to the
// app's public endpoint, which therefore stays open (restrict it with allowedCallers: Event Grid is always let in), and writes its
// dead letters to storage as a trusted service.
module network 'modules/network.bicep' = if (vnetEnabled) {
  scope: group
  params: {
    name: '${abbreviations.networkVirtualNetworks}${token}'
    location: location
    tags: tags
    addressPrefix: vnetAddressPrefix
  }
}

module privateLink 'modules/private-link.bicep' = if (vnetEnabled) {
  scope: group
  params: {
    location: location
    tags: tags
    namePrefix: '${abbreviations.networkPrivateEndpoints}${token}-'
    networkId: network!.outputs.id
    subnetId: network!.outputs.endpointSubnetId
    storageAccountId: storage.outputs.id
    keyVaultId: secrets.outputs.id
    kustoClusterId: kustoIsNew ? kusto!.outputs.id : ''
    kustoUri: kustoIsNew ? kustoEndpoints!.outputs.uri : ''
  }
  // A private endpoint changes the cluster, and so do scripts: not at the same time.
  dependsOn: [
    schema
  ]
}

module functionApp 'modules/function.bicep' = {
  scope: group
  params: {
    name: functionAppName
    planName: '${abbreviations.webServerFarms}${token}'
    location: location
    tags: tags
    azdServiceName: azdServiceName
    identityId: identity.outputs.id
    deploymentContainerUrl: '${storage.outputs.blobEndpoint}${deploymentContainer}'
    pythonVersion: pythonVersion
    scaling: {
      instanceMemoryMB: instanceMemoryMB
      maximumInstanceCount: maximumInstanceCount
      httpConcurrency: httpConcurrency
      alwaysReadyHttp: alwaysReadyHttp
      alwaysReadyBlob: alwaysReadyBlob
      zoneRedundant: zoneRedundant
    }
    subnetId: vnetEnabled ? network!.outputs.appSubnetId : ''
    allowedCallers: allowedCallers
  }
  // The host looks for its storage as soon as the app exists: the roles must be there, and names must lead to private endpoints.
  dependsOn: [
    roles
    privateLink
  ]
}

var kustoUri = kustoIsByUri ? existingKustoUri : kustoEndpoints!.outputs.uri
var kustoIngestUri = kustoIsByUri ? existingKustoIngestUri : kustoEndpoints!.outputs.ingestUri

module settings 'modules/settings.bicep' = {
  scope: group
  params: {
    siteName: functionApp.outputs.name
    identityClientId: identity.outputs.clientId
    storageAccountName: storage.outputs.name
    blobEndpoint: storage.outputs.blobEndpoint
    queueEndpoint: storage.outputs.queueEndpoint
    applicationInsightsConnectionString: monitoring.outputs.connectionString
    kusto: {
      clusterUri: kustoUri
      ingestUri: kustoIngestUri
      database: kustoDatabase
      blobAccess: clusterReadsByIdentity ? 'managed_identity=system' : 'sas'
    }
    limits: {
      maxBodyBytes: maxBodyBytes
      maxRawBytes: maxRawBytes
      deadlineSeconds: deadlineSeconds
      retryDelaySeconds: retryDelaySeconds
    }
    routesFile: routesFile
    keyVaultUri: secrets.outputs.uri
    webhookSecretNames: webhookSecretNames
  }
}

module diagnostics 'modules/diagnostics.bicep' = {
  scope: group
  params: {
    workspaceId: monitoring.outputs.workspaceId
    functionAppName: functionApp.outputs.name
    storageAccountName: storage.outputs.name
    topicName: events.outputs.name
    kustoClusterName: kustoIsNew ? kusto!.outputs.name : ''
  }
}

module alerts 'modules/alerts.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    applicationInsightsId: monitoring.outputs.componentId
    kustoClusterId: kustoIsNew ? kusto!.outputs.id : existingKustoResourceId
    topicId: events.outputs.id
    functionAppId: functionApp.outputs.id
    storageAccountId: storage.outputs.id
    alertEmail: alertEmail
  }
}

module workbook 'modules/workbook.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    applicationInsightsId: monitoring.outputs.componentId
    workspaceId: monitoring.outputs.workspaceId
  }
}

// azd writes every output into the environment. None is a secret, and none has the name of an input that chooses a mode.
@description('Resource group of everything here.')
output AZURE_RESOURCE_GROUP string = group.name

@description('Name of the function app.')
output AZURE_FUNCTION_NAME string = functionApp.outputs.name

@description('Address of the function app.')
output AZURE_FUNCTION_URI string = functionApp.outputs.uri

@description('Name of the storage account.')
output AZURE_STORAGE_ACCOUNT_NAME string = storage.outputs.name

@description('Name of the Key Vault.')
output AZURE_KEY_VAULT_NAME string = secrets.outputs.name

@description('Client id of the app\'s identity.')
output AZURE_CLIENT_ID_APP string = identity.outputs.clientId

@description('Name of the Event Grid system topic.')
output EVENT_GRID_TOPIC_NAME string = events.outputs.name

@description('Name of the Application Insights component.')
output APPLICATIONINSIGHTS_NAME string = monitoring.outputs.componentName

@description('Engine endpoint of the cluster.')
output KUSTO_CLUSTER_URI string = kustoUri

@description('Ingestion endpoint of the cluster; empty where the app derives it.')
output KUSTO_INGEST_URI string = kustoIngestUri

@description('Database.')
output KUSTO_DATABASE_NAME string = kustoDatabase

@description('Commands that give the app its roles in a cluster known by URI only, for an administrator of the database to run. Empty in the other modes.')
output KUSTO_GRANT_COMMANDS string[] = kustoIsByUri
  ? [
      '.add database [\'${kustoDatabase}\'] ingestors (\'aadapp=${identity.outputs.clientId};${tenant().tenantId}\')'
      '.add database [\'${kustoDatabase}\'] monitors (\'aadapp=${identity.outputs.clientId};${tenant().tenantId}\')'
    ]
  : []

metadata name = 'Diagnostics'
metadata description = 'Platform logs and metrics of every resource here, sent to Log Analytics.'

@description('Resource id of the Log Analytics workspace.')
param workspaceId string

@description('Name of the function app.')
param functionAppName string

@description('Name of the storage account.')
param storageAccountName string

@description('Name of the Event Grid system topic.')
param topicName string

@description('Name of the cluster. Empty: none of ours (a resource can have five settings only; those of another\'s cluster are its owner\'s).')
param kustoClusterName string

var settingName = 'log-analytics'

// Reads are left out: the app's own polling would be most of the bill, and says nothing that its telemetry does not.
var storageLogs = [
  {
    category: 'StorageWrite'
    enabled: true
  }
  {
    category: 'StorageDelete'
    enabled: true
  }
]

resource site 'Microsoft.Web/sites@2024-11-01' existing = {
  name: functionAppName
}

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: storageAccountName

  resource blobService 'blobServices' existing = {
    name: 'default'
  }

  resource queueService 'queueServices' existing = {
    name: 'default'
  }
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: topicName
}

resource cluster 'Microsoft.Kusto/clusters@2024-04-13' existing = if (!empty(kustoClusterName)) {
  name: kustoClusterName
}

// The host's log: why it does not start, which Application Insights cannot know.
resource functionDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: site
  name: settingName
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'FunctionAppLogs'
        enabled: true
      }
    ]
    metrics: [
      {
        category: 'AllMetrics'
        enabled: true
      }
    ]
  }
}

resource blobDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: account::blobService
  name: settingName
  properties: {
    workspaceId: workspaceId
    logs: storageLogs
    metrics: [
      {
        category: 'Transaction'
        enabled: true
      }
    ]
  }
}

resource queueDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: account::queueService
  name: settingName
  properties: {
    workspaceId: workspaceId
    logs: storageLogs
    metrics: [
      {
        category: 'Transaction'
        enabled: true
      }
    ]
  }
}

resource topicDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: topic
  name: settingName
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'DeliveryFailures'
        enabled: true
      }
    ]
    metrics: [
      {
        category: 'AllMetrics'
        enabled: true
      }
    ]
  }
}

resource clusterDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (!empty(kustoClusterName)) {
  scope: cluster
  name: settingName
  properties: {
    workspaceId: workspaceId
    // A table for each category (FailedIngestion, ADXIngestionBatching, ADXJournal), instead of AzureDiagnostics for all.
    logAnalyticsDestinationType: 'Dedicated'
    logs: [
      {
        category: 'FailedIngestion'
        enabled: true
      }
      {
        category: 'IngestionBatching'
        enabled: true
      }
      {
        category: 'Journal'
        enabled: true
      }
    ]
    metrics: [
      {
        category: 'AllMetrics'
        enabled: true
      }
    ]
  }
}

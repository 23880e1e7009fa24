// Alerts on metrics of what the application stands on: Event Grid, storage, the cluster. Deployed by alerts.bicep.
metadata description = 'Metric alert rules.'

import { Tags } from 'types.bicep'

@description('Tags of every resource.')
param tags Tags

@description('Resource id of the Kusto cluster; empty where it is known by its address only.')
param kustoClusterId string

@description('Resource id of the Event Grid system topic.')
param topicId string

@description('Resource id of the storage account that holds landing zone, spool and dead letters.')
param storageAccountId string

@description('Resource id of the action group; empty: nobody is told.')
param actionGroupId string

@description('Page and `#` that the name of an alert is put behind.')
param runbook string

@description('Failed streaming requests in a quarter of an hour that are taken for passing faults.')
@minValue(0)
param streamingFailures int

var topicMetricAlerts = [
  {
    name: 'event-dead-letters'
    title: 'Kusto ingestion: Event Grid gave up on events'
    description: 'Event Grid could not deliver events of new blobs and wrote them to the container eventgrid-deadletters. The blobs are not in Kusto.'
    severity: 1
    scope: topicId
    namespace: 'Microsoft.EventGrid/systemTopics'
    metric: 'DeadLetteredCount'
    aggregation: 'Total'
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'event-drops'
    title: 'Kusto ingestion: Event Grid dropped events'
    description: 'Event Grid could neither deliver events of new blobs nor write them to the container eventgrid-deadletters. The blobs are not in Kusto.'
    severity: 1
    scope: topicId
    namespace: 'Microsoft.EventGrid/systemTopics'
    metric: 'DroppedEventCount'
    aggregation: 'Total'
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'storage-availability'
    title: 'Kusto ingestion: the storage account fails'
    description: 'The storage account that holds landing zone, spool and dead letters does not answer every request.'
    severity: 1
    scope: storageAccountId
    namespace: 'Microsoft.Storage/storageAccounts'
    metric: 'Availability'
    aggregation: 'Average'
    operator: 'LessThan'
    threshold: 99
  }
]

var clusterMetricAlerts = empty(kustoClusterId)
  ? []
  : [
      {
        name: 'cluster-unresponsive'
        title: 'Kusto ingestion: the cluster does not answer'
        description: 'The cluster fails its own probe. Data waits in the spool until it answers again.'
        severity: 1
        scope: kustoClusterId
        namespace: 'Microsoft.Kusto/clusters'
        metric: 'KeepAlive'
        aggregation: 'Average'
        operator: 'LessThan'
        threshold: 1
      }
      {
        name: 'streaming-failures'
        title: 'Kusto ingestion: the cluster refuses streaming requests'
        description: 'Many streaming requests to the cluster fail, ours or those of others. Ours are tried again, then queued or spooled.'
        severity: 2
        scope: kustoClusterId
        namespace: 'Microsoft.Kusto/clusters'
        metric: 'StreamingIngestResults'
        aggregation: 'Count'
        operator: 'GreaterThan'
        threshold: streamingFailures
        // The documentation names the dimension, not its values: every spelling of success is left out.
        dimensions: [{ name: 'Result', operator: 'Exclude', values: ['ok', 'Success', 'Succeeded'] }]
      }
      {
        name: 'queued-failures'
        title: 'Kusto ingestion: the cluster dropped queued data'
        description: 'Queued ingestion gave up on sources that it had accepted. Their rows are not in Kusto.'
        severity: 1
        scope: kustoClusterId
        namespace: 'Microsoft.Kusto/clusters'
        metric: 'BlobsDropped'
        aggregation: 'Total'
        operator: 'GreaterThan'
        threshold: 0
      }
    ]

resource metricAlert 'Microsoft.Insights/metricAlerts@2018-03-01' = [
  for alert in concat(topicMetricAlerts, clusterMetricAlerts): {
    name: 'kusto-ingestion-${alert.name}'
    location: 'global'
    tags: tags
    properties: {
      description: '${alert.title}. ${alert.description} Runbook: ${runbook}${alert.name}'
      severity: alert.severity
      enabled: true
      scopes: [alert.scope]
      evaluationFrequency: 'PT5M'
      windowSize: 'PT15M'
      autoMitigate: true
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          {
            criterionType: 'StaticThresholdCriterion'
            name: alert.name
            metricNamespace: alert.namespace
            metricName: alert.metric
            timeAggregation: alert.aggregation
            operator: alert.operator
            threshold: alert.threshold
            dimensions: alert.?dimensions ?? []
          }
        ]
      }
      actions: empty(actionGroupId) ? [] : [{ actionGroupId: actionGroupId }]
    }
  }
]

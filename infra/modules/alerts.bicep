// Alerts. Each description names the section of the runbook that says what to do.
metadata description = 'Alert rules over the telemetry of the application and of what it stands on.'

import { Tags } from 'types.bicep'

@description('Azure region of the log alerts.')
param location string

@description('Tags of every resource.')
param tags Tags

@description('Resource id of the Log Analytics workspace that the log alerts read.')
param workspaceId string

@description('Resource id of the Application Insights component, told to whom an alert is sent.')
param applicationInsightsId string

@description('Resource id of the Kusto cluster; empty where it is known by its address only: its metrics cannot be read then.')
param kustoClusterId string = ''

@description('Resource id of the Event Grid system topic.')
param topicId string

@description('Resource id of the function app, told to whom an alert is sent.')
param functionAppId string

@description('Resource id of the storage account that holds landing zone, spool and dead letters.')
param storageAccountId string

@description('E-mail address that alerts are sent to; empty: they are shown in the portal only.')
param alertEmail string = ''

@description('Percent of a route\'s streamable requests in half an hour that may be deferred.')
@minValue(1)
@maxValue(100)
param deferralPercent int = 20

@description('Minutes that the oldest payload may wait in the spool.')
@minValue(10)
param spoolMinutes int = 30

@description('Failed calls of a function in half an hour that are taken for passing faults.')
@minValue(0)
param functionFailures int = 5

@description('Failed streaming requests in a quarter of an hour that are taken for passing faults: they are tried again.')
@minValue(0)
param streamingFailures int = 100

var runbook = 'docs/operations.md#'

// Windows are longer than the time between two looks: rows reach a workspace some minutes late.
var logAlerts = [
  {
    name: 'deferral-rate'
    title: 'Kusto ingestion: requests are deferred'
    description: 'Streaming ingestion does not take a large part of a route\'s requests. They are held and will be delivered, later than usual.'
    severity: 2
    query: loadTextContent('../monitoring/alerts/deferral-rate.kql')
    column: 'Percent'
    dimensions: ['Route']
    operator: 'GreaterThan'
    threshold: deferralPercent
  }
  {
    name: 'dead-letters'
    title: 'Kusto ingestion: dead letters were written'
    description: 'Records or blobs were refused for good and set aside. They are not in Kusto and will not get there by themselves.'
    severity: 2
    query: loadTextContent('../monitoring/alerts/dead-letters.kql')
    column: 'DeadLetters'
    dimensions: ['Route', 'Reason']
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'spool-age'
    title: 'Kusto ingestion: the spool does not empty'
    description: 'Acknowledged data waits in the spool and does not get into Kusto.'
    severity: 1
    query: loadTextContent('../monitoring/alerts/spool-age.kql')
    column: 'Minutes'
    operator: 'GreaterThan'
    threshold: spoolMinutes
  }
  {
    name: 'poisoned-blobs'
    title: 'Kusto ingestion: the host gave up on blobs'
    description: 'The function failed on a blob again and again. The blob is a dead letter now and not in Kusto.'
    severity: 2
    query: loadTextContent('../monitoring/alerts/poisoned-blobs.kql')
    column: 'Events'
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'sweep-missing'
    title: 'Kusto ingestion: the application is silent'
    description: 'The sweep of the spool, which runs every ten minutes, has not been heard of for an hour: the application does not run, is not configured, or its telemetry does not arrive.'
    severity: 1
    query: loadTextContent('../monitoring/alerts/sweep-missing.kql')
    column: 'Readings'
    operator: 'LessThan'
    threshold: 1
    window: 'PT1H'
  }
  {
    name: 'function-failures'
    title: 'Kusto ingestion: functions fail'
    description: 'Calls of a function end with an exception or a 5xx answer. Callers and Event Grid send again; what they send is not held yet.'
    severity: 1
    query: loadTextContent('../monitoring/alerts/function-failures.kql')
    column: 'Failures'
    dimensions: ['Function']
    operator: 'GreaterThan'
    threshold: functionFailures
  }
]

// A stopped cluster has no metrics, and a metric alert does not fire where there are none: this one looks for the last.
var clusterLogAlerts = empty(kustoClusterId)
  ? []
  : [
      {
        name: 'cluster-stopped'
        title: 'Kusto ingestion: the cluster has stopped'
        description: 'The cluster has not answered its own probe for half an hour: it was stopped, or it is down. Nothing gets into Kusto; data waits in the spool.'
        severity: 1
        query: loadTextContent('../monitoring/alerts/cluster-stopped.kql')
        column: 'Minutes'
        operator: 'GreaterThan'
        threshold: 30
        window: 'PT1H'
        range: 'P2D'
      }
    ]

resource actionGroup 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(alertEmail)) {
  name: 'kusto-ingestion'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'kustoingest'
    enabled: true
    emailReceivers: [
      {
        name: 'operators'
        emailAddress: alertEmail
        useCommonAlertSchema: true
      }
    ]
  }
}

resource logAlert 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for alert in concat(logAlerts, clusterLogAlerts): {
    name: 'kusto-ingestion-${alert.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: alert.title
      description: '${alert.description} Runbook: ${runbook}${alert.name}'
      severity: alert.severity
      enabled: true
      scopes: [workspaceId]
      evaluationFrequency: 'PT15M'
      windowSize: alert.?window ?? 'PT30M'
      overrideQueryTimeRange: alert.?range ?? alert.?window ?? 'PT30M'
      // A new workspace has none of the tables yet.
      skipQueryValidation: true
      autoMitigate: true
      criteria: {
        allOf: [
          {
            query: alert.query
            metricMeasureColumn: alert.column
            timeAggregation: alert.operator == 'LessThan' ? 'Total' : 'Maximum'
            dimensions: map(alert.?dimensions ?? [], name => { name: name, operator: 'Include', values: ['*'] })
            operator: alert.operator
            threshold: alert.threshold
            failingPeriods: {
              numberOfEvaluationPeriods: 1
              minFailingPeriodsToAlert: 1
            }
          }
        ]
      }
      actions: {
        actionGroups: empty(alertEmail) ? [] : [actionGroup.id]
        customProperties: {
          functionApp: functionAppId
          applicationInsights: applicationInsightsId
          runbook: '${runbook}${alert.name}'
        }
      }
    }
  }
]

module metricAlerts 'metric-alerts.bicep' = {
  name: 'metric-alerts'
  params: {
    tags: tags
    kustoClusterId: kustoClusterId
    topicId: topicId
    storageAccountId: storageAccountId
    actionGroupId: empty(alertEmail) ? '' : actionGroup.id
    runbook: runbook
    streamingFailures: streamingFailures
  }
}

// The Azure Monitor Workbook "Kusto ingestion". Its content is generated: python -m local.monitoring
metadata description = 'Workbook over the telemetry of the application.'

import { Tags } from 'types.bicep'

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags Tags

@description('Resource id of the Application Insights component, in whose gallery the Workbook appears.')
param applicationInsightsId string

@description('Resource id of the Log Analytics workspace that the queries read.')
param workspaceId string

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(applicationInsightsId, 'kusto-ingestion')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Kusto ingestion'
    category: 'workbook'
    sourceId: applicationInsightsId
    version: 'Notebook/1.0'
    serializedData: replace(loadTextContent('../monitoring/workbook.json'), '__WORKSPACE_ID__', workspaceId)
  }
}

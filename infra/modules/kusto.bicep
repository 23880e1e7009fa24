metadata name = 'Kusto'
metadata description = 'A new Azure Data Explorer cluster with one database.'

import { Principal, Tags } from 'types.bicep'

@description('Name of the cluster: 4 to 22 lowercase letters and digits, a letter first, unique in the region.')
@minLength(4)
@maxLength(22)
param name string

@description('Azure region.')
param location string

@description('Tags of the cluster.')
param tags Tags

@description('Name of the database.')
param database string

@description('SKU, for example "Dev(No SLA)_Standard_E2a_v4" or "Standard_E2ads_v5".')
param sku string

@description('Number of instances. A Dev SKU always has 1, any other at least 2.')
@minValue(1)
param capacity int

@description('Most instances that optimized autoscale may start. Not above capacity: no autoscale. Dev SKUs never scale.')
@minValue(1)
param maximumCapacity int

@description('Whether the cluster stops by itself after days without use.')
param autoStop bool

@description('How long rows are kept where a table says nothing else, as an ISO 8601 duration.')
param softDeletePeriod string

@description('How long rows stay in the hot cache where a table says nothing else, as an ISO 8601 duration.')
param hotCachePeriod string

@description('Further administrators of all databases. Never the one who creates the cluster: that one is it already.')
param admins Principal[]

var isDev = startsWith(sku, 'Dev(No SLA)_')
var instances = isDev ? 1 : max(capacity, 2)
var autoscales = !isDev && maximumCapacity > instances

resource cluster 'Microsoft.Kusto/clusters@2024-04-13' = {
  name: name
  location: location
  tags: tags
  sku: {
    name: sku
    tier: isDev ? 'Basic' : 'Standard'
    capacity: instances
  }
  // With it the cluster reads landing blobs that are queued by reference: no SAS is needed (modules/roles.bicep gives the role,
  // 05-managed-identity.kql allows the use).
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    // Streaming needs this and a policy on the database or the table (00-database.kql). Without it each request falls back to
    // queued ingestion.
    enableStreamingIngest: true
    // A stopped cluster does not start by itself when data comes: the app spools and an alert says so. Fine for development,
    // off in production (KUSTO_AUTO_STOP=false).
    enableAutoStop: autoStop
    enableDiskEncryption: true
    // Reachable also with VNET_ENABLED: the web UI, dashboards and `./dev schema` come from outside the virtual network. The app
    // itself then goes through the private endpoint. Every call needs a Microsoft Entra token and a database role.
    publicNetworkAccess: 'Enabled'
    // Empty: principals of this tenant only. Left out, it would be every tenant.
    trustedExternalTenants: []
    optimizedAutoscale: autoscales
      ? {
          version: 1
          isEnabled: true
          minimum: instances
          maximum: maximumCapacity
        }
      : null
  }
}

resource readWriteDatabase 'Microsoft.Kusto/clusters/databases@2024-04-13' = {
  parent: cluster
  name: database
  location: location
  kind: 'ReadWrite'
  properties: {
    softDeletePeriod: softDeletePeriod
    hotCachePeriod: hotCachePeriod
  }
}

// 05-managed-identity.kql needs AllDatabasesAdmin. The principal that creates the cluster gets it from the service (docs: "Configure
// a database using a KQL script", Security), under a name that is not ours: assigning it once more is refused ("already exists with
// the same role and principal id"). So this list is for the others, for example a CI identity where a person came first.
resource clusterAdmins 'Microsoft.Kusto/clusters/principalAssignments@2024-04-13' = [
  for admin in admins: {
    parent: cluster
    name: guid(cluster.id, admin.principalId, 'AllDatabasesAdmin')
    properties: {
      principalId: admin.principalId
      principalType: admin.principalType == 'ServicePrincipal' ? 'App' : admin.principalType
      role: 'AllDatabasesAdmin'
      tenantId: tenant().tenantId
    }
  }
]

@description('Resource id of the cluster.')
output id string = cluster.id

@description('Name of the cluster.')
output name string = cluster.name

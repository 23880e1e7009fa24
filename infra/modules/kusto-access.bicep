metadata name = 'Kusto access'
metadata description = 'Roles of a database. Kusto\'s own roles: a role on the Azure resource, Owner even, gives no access to data.'

import { PrincipalType } from 'types.bicep'

@description('Name of the cluster.')
param clusterName string

@description('Name of the database.')
param database string

@description('Object id of the app\'s identity.')
param appPrincipalId string

@description('Object id of the deployer, who becomes administrator of the database. Empty: nobody does.')
param deployerPrincipalId string

@description('Kind of the deployer.')
param deployerPrincipalType PrincipalType

resource cluster 'Microsoft.Kusto/clusters@2024-04-13' existing = {
  name: clusterName

  resource readWriteDatabase 'databases' existing = {
    name: database
  }
}

// Ingestor: streaming, queued ingestion, and the resources and token of the ingestion endpoint. It reads nothing.
// Monitor: the `.show` commands of the readiness probe (`.show database|table ... policy streamingingestion`, which need Viewer, User
// or Monitor) and of an operation's status (`.show ingestion failures`). Viewer would do as well, but it can read every row; the app
// runs no query.
var appRoles = [
  'Ingestor'
  'Monitor'
]

// Names are guid(): the service refuses a second assignment of the same role and principal under another name, so each deployment
// must find its own again.
// One after the other: changes of one cluster at the same time can fail with Conflict.
@batchSize(1)
resource app 'Microsoft.Kusto/clusters/databases/principalAssignments@2024-04-13' = [
  for role in appRoles: {
    parent: cluster::readWriteDatabase
    name: guid(cluster.id, database, appPrincipalId, role)
    properties: {
      principalId: appPrincipalId
      // Kusto's word for every service principal, managed identities too. An object id is as good as a client id.
      principalType: 'App'
      role: role
      tenantId: tenant().tenantId
    }
  }
]

// The scripts run as the deployer and need it.
resource deployer 'Microsoft.Kusto/clusters/databases/principalAssignments@2024-04-13' = if (!empty(deployerPrincipalId)) {
  parent: cluster::readWriteDatabase
  name: guid(cluster.id, database, deployerPrincipalId, 'Admin')
  properties: {
    principalId: deployerPrincipalId
    principalType: deployerPrincipalType == 'ServicePrincipal' ? 'App' : deployerPrincipalType
    role: 'Admin'
    tenantId: tenant().tenantId
  }
  dependsOn: [
    app
  ]
}

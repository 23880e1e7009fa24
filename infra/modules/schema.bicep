metadata name = 'Schema'
metadata description = 'Tables, mappings and policies of the database: the same .kql files that the laptop stack runs.'

@description('Name of the cluster.')
param clusterName string

@description('Name of the database.')
param database string

@description('Whether the cluster may read blobs by its own identity (05-managed-identity.kql). It must have a system-assigned one, and the deployer must be AllDatabasesAdmin.')
param managedIdentity bool

// A new file is one more entry here; a test compares this list with the folder. A cluster takes 50 scripts in all, a file 131072
// characters. Verbs that a script may use: .create, .create-or-alter, .create-merge, .alter, .alter-merge, .add.
var always = [
  {
    name: '00-database'
    content: replace(loadTextContent('../kql/00-database.kql'), '{database}', database)
  }
  {
    name: '10-storms'
    content: loadTextContent('../kql/10-storms.kql')
  }
  {
    name: '20-webhooks'
    content: loadTextContent('../kql/20-webhooks.kql')
  }
]
// Last, because it is the one that a deployer may lack the role for: the tables are there by then.
var byIdentity = [
  {
    name: '05-managed-identity'
    content: replace(loadTextContent('../kql/05-managed-identity.kql'), '{database}', database)
  }
]
var scripts = concat(always, managedIdentity ? byIdentity : [])

resource cluster 'Microsoft.Kusto/clusters@2024-04-13' existing = {
  name: clusterName

  resource readWriteDatabase 'databases' existing = {
    name: database
  }
}

// One after the other (batchSize 1), in the order of the list: scripts of one cluster at the same time fail with Conflict. A script
// is no transaction: what ran before an error stays, so each command is one that can run again.
@batchSize(1)
resource databaseScripts 'Microsoft.Kusto/clusters/databases/scripts@2024-04-13' = [
  for script in scripts: {
    parent: cluster::readWriteDatabase
    name: script.name
    properties: {
      // A schema is no secret; the property is write-only because scripts of others may hold some.
      #disable-next-line use-secure-value-for-secure-inputs
      scriptContent: script.content
      // Runs again when the text changes, and only then.
      forceUpdateTag: uniqueString(script.content)
      continueOnErrors: false
      // The service makes the caller Admin of the database for the run. Taking it away again could take away the Admin that
      // kusto-access.bicep gave.
      principalPermissionsAction: 'RetainPermissionOnScriptCompletion'
    }
  }
]

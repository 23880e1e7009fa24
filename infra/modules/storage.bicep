metadata name = 'Storage'
metadata description = 'The storage account: landing blobs, spool, dead letters, receipts, deployment package, retry queue and the queues of the Functions host.'

import { Tags } from 'types.bicep'

@description('Name of the account: 3 to 24 lowercase letters and digits, unique in Azure.')
@minLength(3)
@maxLength(24)
param name string

@description('Azure region.')
param location string

@description('Tags of the account.')
param tags Tags

@description('Blob containers to create. The app never creates one: it does not need the right to.')
param containers string[]

@description('Queues to create.')
param queues string[]

@description('Container of receipts: its blobs are deleted after ledgerDays.')
param ledgerContainer string

@description('Containers whose blobs are deleted after deadLetterDays.')
param deadLetterContainers string[]

@description('Container of payloads that wait for Kusto: its blobs become cool after spoolCoolDays and are never deleted by a rule.')
param spoolContainer string

@description('Days after which a receipt is deleted. After that, a repeated request or blob event is taken for a new one.')
@minValue(1)
param ledgerDays int

@description('Days after which a dead letter is deleted.')
@minValue(1)
param deadLetterDays int

@description('Days after which a waiting payload moves to the cool tier.')
@minValue(1)
param spoolCoolDays int = 7

@description('Days for which a deleted blob or container can be restored.')
@minValue(1)
@maxValue(365)
param softDeleteDays int = 7

@description('Whether the account is copied over availability zones.')
param zoneRedundant bool

@description('Whether the account is reached through private endpoints only.')
param privateOnly bool

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: zoneRedundant ? 'Standard_ZRS' : 'Standard_LRS'
  }
  properties: {
    accessTier: 'Hot'
    // No account key works, so none can leak: the app, the cluster, Event Grid and the deployment all use identities.
    // A deploymentScripts resource could not use such an account; there is none here.
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    // Closed by the firewall below and not by `Disabled`: an empty list of rules lets in private endpoints and trusted services, and
    // nobody else. That trusted services get in where public access is `Disabled` is documented for neither of the two we need.
    publicNetworkAccess: 'Enabled'
    networkAcls: {
      defaultAction: privateOnly ? 'Deny' : 'Allow'
      // Event Grid (dead letters) and the cluster (landing blobs) come from outside the virtual network. They get in as trusted
      // services, which works for system-assigned identities with a role on the account, and for no other kind of identity.
      bypass: 'AzureServices'
    }
  }
}

resource blobService 'Microsoft.Storage/storageAccounts/blobServices@2025-01-01' = {
  parent: account
  name: 'default'
  properties: {
    deleteRetentionPolicy: {
      enabled: true
      days: softDeleteDays
    }
    containerDeleteRetentionPolicy: {
      enabled: true
      days: softDeleteDays
    }
  }
}

resource blobContainers 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = [
  for container in containers: {
    parent: blobService
    name: container
    properties: {
      publicAccess: 'None'
    }
  }
]

resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2025-01-01' = {
  parent: account
  name: 'default'
}

resource storageQueues 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-01-01' = [
  for queue in queues: {
    parent: queueService
    name: queue
  }
]

var deadLetterPrefixes = [for container in deadLetterContainers: '${container}/']

// Rules delete what is only looked at. What was acknowledged and waits (spool) is data: no rule may delete it, however long
// Kusto is away. Landing blobs belong to whoever wrote them.
resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2025-01-01' = {
  parent: account
  name: 'default'
  properties: {
    policy: {
      rules: [
        {
          name: 'ledger-expires'
          type: 'Lifecycle'
          enabled: true
          definition: {
            filters: {
              blobTypes: [
                'blockBlob'
              ]
              prefixMatch: [
                '${ledgerContainer}/'
              ]
            }
            actions: {
              baseBlob: {
                delete: {
                  daysAfterModificationGreaterThan: ledgerDays
                }
              }
            }
          }
        }
        {
          name: 'dead-letters-expire'
          type: 'Lifecycle'
          enabled: true
          definition: {
            filters: {
              blobTypes: [
                'blockBlob'
              ]
              prefixMatch: deadLetterPrefixes
            }
            actions: {
              baseBlob: {
                delete: {
                  daysAfterModificationGreaterThan: deadLetterDays
                }
              }
            }
          }
        }
        {
          name: 'spool-cools'
          type: 'Lifecycle'
          enabled: true
          definition: {
            filters: {
              blobTypes: [
                'blockBlob'
              ]
              prefixMatch: [
                '${spoolContainer}/'
              ]
            }
            actions: {
              baseBlob: {
                tierToCool: {
                  daysAfterModificationGreaterThan: spoolCoolDays
                }
              }
            }
          }
        }
      ]
    }
  }
  dependsOn: [
    blobService
  ]
}

@description('Resource id.')
output id string = account.id

@description('Name.')
output name string = account.name

@description('Blob endpoint, with a slash at the end.')
output blobEndpoint string = account.properties.primaryEndpoints.blob

@description('Queue endpoint, with a slash at the end.')
output queueEndpoint string = account.properties.primaryEndpoints.queue

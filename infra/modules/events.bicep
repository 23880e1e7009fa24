metadata name = 'Events'
metadata description = 'The Event Grid system topic of the storage account. Its subscription comes after the code: ../eventsub.bicep.'

import { Tags } from 'types.bicep'

@description('Name of the system topic.')
param name string

@description('Azure region: that of the storage account.')
param location string

@description('Tags of the topic.')
param tags Tags

@description('Resource id of the storage account. It can have one system topic only.')
param storageAccountId string

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: name
  location: location
  tags: tags
  // System-assigned and nothing else: a storage account behind a firewall lets Event Grid write dead letters only with this kind
  // of identity.
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    source: storageAccountId
    topicType: 'Microsoft.Storage.StorageAccounts'
  }
}

@description('Resource id.')
output id string = topic.id

@description('Name.')
output name string = topic.name

@description('Object id of the topic\'s identity.')
output principalId string = topic.identity.principalId

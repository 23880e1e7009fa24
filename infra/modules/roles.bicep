metadata name = 'Roles'
metadata description = 'Every Azure role assignment of this deployment, in one place. Kusto has its own roles: kusto-access.bicep.'

import { PrincipalType } from 'types.bicep'

@description('Name of the storage account.')
param storageAccountName string

@description('Container whose blobs are ingested.')
param landingContainer string

@description('Container of the events that Event Grid gave up on.')
param eventDeadLetterContainer string

@description('Name of the Application Insights component.')
param componentName string

@description('Name of the Key Vault.')
param keyVaultName string

@description('Object id of the app\'s identity.')
param appPrincipalId string

@description('Object id of the system topic\'s identity.')
param topicPrincipalId string

@description('Object id of the cluster\'s identity, which reads landing blobs. Empty: it has none, and gets a SAS for each blob.')
param clusterPrincipalId string

@description('Object id of the deployer. Empty: the deployer gets no role.')
param deployerPrincipalId string

@description('Kind of the deployer.')
param deployerPrincipalType PrincipalType

var roles = {
  storageBlobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  storageBlobDataContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
  storageBlobDataReader: '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1'
  storageQueueDataContributor: '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
  storageTableDataContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
  monitoringMetricsPublisher: '3913510d-42f4-4e42-8a64-420c390055eb'
  keyVaultSecretsOfficer: 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7'
  keyVaultSecretsUser: '4633458b-17de-408a-b874-0445c86b69e6'
}

// What the Functions host documents for the identity of AzureWebJobsStorage and of an Event Grid blob trigger: Blob Data Owner (locks,
// keys, package, blobs; also the user delegation key of a SAS), Queue Data Contributor (its own queue, retries, poison queue), Table
// Data Contributor (diagnostic events).
var appStorageRoles = [
  roles.storageBlobDataOwner
  roles.storageQueueDataContributor
  roles.storageTableDataContributor
]

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: storageAccountName

  resource blobService 'blobServices' existing = {
    name: 'default'

    resource landing 'containers' existing = {
      name: landingContainer
    }

    resource eventDeadLetters 'containers' existing = {
      name: eventDeadLetterContainer
    }
  }
}

resource component 'Microsoft.Insights/components@2020-02-02' existing = {
  name: componentName
}

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = {
  name: keyVaultName
}

// Every assignment gives principalType: without it Azure looks the principal up, and does not find an identity that is seconds old.
// A role can take minutes to work after this module is done: whatever needs one tries again (the host does, azd deploy does, the
// hook that makes the event subscription does).
resource appOnStorage 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in appStorageRoles: {
    scope: account
    name: guid(account.id, appPrincipalId, role)
    properties: {
      principalId: appPrincipalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]

resource appOnTelemetry 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: component
  name: guid(component.id, appPrincipalId, roles.monitoringMetricsPublisher)
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.monitoringMetricsPublisher)
  }
}

resource appOnSecrets 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: vault
  name: guid(vault.id, appPrincipalId, roles.keyVaultSecretsUser)
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.keyVaultSecretsUser)
  }
}

// Reader is enough: the app never asks the cluster to delete a blob.
resource clusterOnLanding 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(clusterPrincipalId)) {
  scope: account::blobService::landing
  name: guid(account::blobService::landing.id, clusterPrincipalId, roles.storageBlobDataReader)
  properties: {
    principalId: clusterPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataReader)
  }
}

resource topicOnDeadLetters 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: account::blobService::eventDeadLetters
  name: guid(account::blobService::eventDeadLetters.id, topicPrincipalId, roles.storageBlobDataContributor)
  properties: {
    principalId: topicPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataContributor)
  }
}

// So that the deployer can drop a first file into the landing container.
resource deployerOnLanding 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(deployerPrincipalId)) {
  scope: account::blobService::landing
  name: guid(account::blobService::landing.id, deployerPrincipalId, roles.storageBlobDataContributor)
  properties: {
    principalId: deployerPrincipalId
    principalType: deployerPrincipalType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataContributor)
  }
}

// So that azd reads the webhook secret again on the next run, and the deployer can rotate it.
resource deployerOnSecrets 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(deployerPrincipalId)) {
  scope: vault
  name: guid(vault.id, deployerPrincipalId, roles.keyVaultSecretsOfficer)
  properties: {
    principalId: deployerPrincipalId
    principalType: deployerPrincipalType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.keyVaultSecretsOfficer)
  }
}

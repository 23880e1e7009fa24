metadata name = 'Identity'
metadata description = 'The user-assigned identity with which the app does everything: host storage, deployment package, landing, Kusto, telemetry, Key Vault references.'

import { Tags } from 'types.bicep'

@description('Name of the identity.')
param name string

@description('Azure region.')
param location string

@description('Tags of the identity.')
param tags Tags

// User-assigned: it exists, and holds its roles, before the app does. A system-assigned one would come with the app, which could
// then not read its deployment package at first start.
resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
  tags: tags
}

@description('Resource id.')
output id string = identity.id

@description('Object id, for role assignments.')
output principalId string = identity.properties.principalId

@description('Client id, for app settings.')
output clientId string = identity.properties.clientId

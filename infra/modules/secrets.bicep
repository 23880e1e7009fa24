metadata name = 'Secrets'
metadata description = 'Key Vault with the secrets of the webhook senders: the only secrets there are.'

import { Tags } from 'types.bicep'

@description('Name of the vault: 3 to 24 letters, digits and hyphens, unique in Azure.')
@minLength(3)
@maxLength(24)
param name string

@description('Azure region.')
param location string

@description('Tags of the vault.')
param tags Tags

@description('Whether a deleted vault or secret can be purged by nobody until its 7 days are over. Once on, it cannot be turned off.')
param purgeProtection bool

@description('Secret that GitHub signs webhooks with, for the first deployment. Empty: none is created.')
@secure()
param githubWebhookSecret string

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 7
    // Off unless asked for: with it, `azd down --purge` cannot purge and a new environment of the same name fails until the days
    // are over. What is kept here is a shared secret that is made anew in a minute. `false` is refused by the service; null is not.
    enablePurgeProtection: purgeProtection ? true : null
    // Reachable also with VNET_ENABLED: azd reads the secret from the deployer's machine. Every read needs a role all the same.
    publicNetworkAccess: 'Enabled'
    networkAcls: {
      defaultAction: 'Allow'
      bypass: 'AzureServices'
    }
  }
}

// Only the first deployment sets it. azd generates a random value where it does not know the vault's name, which is so in every
// fresh checkout, a CI runner's too: without this decorator such a run would replace the secret that GitHub already has.
// Rotate it with `az keyvault secret set`. (The decorator works on top-level resources only: Azure/bicep issue 18603.)
@onlyIfNotExists()
resource githubSecret 'Microsoft.KeyVault/vaults/secrets@2024-11-01' = if (!empty(githubWebhookSecret)) {
  parent: vault
  name: 'GITHUB-WEBHOOK-SECRET'
  properties: {
    contentType: 'text/plain'
    value: githubWebhookSecret
  }
}

@description('Name of the vault.')
output name string = vault.name

@description('Resource id of the vault.')
output id string = vault.id

@description('URI of the vault, with a slash at the end.')
output uri string = vault.properties.vaultUri

metadata name = 'Function'
metadata description = 'The function app on Flex Consumption. Its settings: settings.bicep.'

import { Scaling, Tags } from 'types.bicep'

@description('Name of the app: unique in Azure.')
param name string

@description('Name of the plan.')
param planName string

@description('Azure region.')
param location string

@description('Tags of both.')
param tags Tags

@description('Key of the service in azure.yaml, by which `azd deploy` finds the app.')
param azdServiceName string

@description('Resource id of the app\'s identity.')
param identityId string

@description('URL of the container that holds the deployment package.')
param deploymentContainerUrl string

@description('Version of Python.')
param pythonVersion string

@description('Size and number of instances.')
param scaling Scaling

@description('Resource id of the subnet for outbound traffic. Empty: none, traffic goes out over the internet.')
param subnetId string

@description('Address ranges, in CIDR form, that may call the app besides Event Grid. Empty: everybody may.')
param allowedCallers string[]

var alwaysReadyGroups = [
  {
    name: 'http'
    instanceCount: scaling.alwaysReadyHttp
  }
  // Without one, nothing wakes an app that has no instance: the host takes blob events on its own webhook, and the group of blob
  // triggers never starts.
  {
    name: 'blob'
    instanceCount: scaling.alwaysReadyBlob
  }
]

var eventGridRule = {
  name: 'event-grid'
  description: 'Event Grid delivers blob events to the public endpoint.'
  action: 'Allow'
  tag: 'ServiceTag'
  ipAddress: 'AzureEventGrid'
  priority: 100
}
var callerRules = [
  for (range, i) in allowedCallers: {
    name: 'caller-${i}'
    description: 'An allowed caller.'
    action: 'Allow'
    tag: 'Default'
    ipAddress: range
    priority: 200 + i
  }
]

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
    zoneRedundant: scaling.zoneRedundant
  }
}

resource site 'Microsoft.Web/sites@2024-11-01' = {
  name: name
  location: location
  tags: union(tags, {
    'azd-service-name': azdServiceName
  })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    // Stays on with VNET_ENABLED: Event Grid pushes to the public endpoint and cannot reach a private one. Restrict callers with
    // allowedCallers instead.
    publicNetworkAccess: 'Enabled'
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    // References to Key Vault are read with this identity; the default is the system-assigned one, which the app does not have.
    keyVaultReferenceIdentity: identityId
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      ftpsState: 'Disabled'
      http20Enabled: true
      ipSecurityRestrictionsDefaultAction: empty(allowedCallers) ? 'Allow' : 'Deny'
      ipSecurityRestrictions: empty(allowedCallers) ? [] : concat([eventGridRule], callerRules)
      // `azd deploy` comes from anywhere; it needs a token and a role.
      scmIpSecurityRestrictionsUseMain: false
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: deploymentContainerUrl
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'python'
        version: pythonVersion
      }
      scaleAndConcurrency: {
        instanceMemoryMB: scaling.instanceMemoryMB
        maximumInstanceCount: scaling.maximumInstanceCount
        alwaysReady: filter(alwaysReadyGroups, group => group.instanceCount > 0)
        triggers: {
          http: {
            // Python's default is 1: a burst of webhooks would start an instance for each, and group commit would gather nothing.
            perInstanceConcurrency: scaling.httpConcurrency
          }
        }
      }
    }
  }
}

// No user name and password for deployment: azd deploys with a token.
resource ftpCredentials 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: site
  name: 'ftp'
  properties: {
    allow: false
  }
}

resource scmCredentials 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: site
  name: 'scm'
  properties: {
    allow: false
  }
}

@description('Resource id.')
output id string = site.id

@description('Name.')
output name string = site.name

@description('Address of the app.')
output uri string = 'https://${site.properties.defaultHostName}'

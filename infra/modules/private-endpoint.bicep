metadata name = 'Private endpoint'
metadata description = 'A private endpoint and its DNS records.'

import { Tags } from 'types.bicep'

@description('Name of the endpoint.')
param name string

@description('Azure region: that of the virtual network.')
param location string

@description('Tags of the endpoint.')
param tags Tags

@description('Resource id of the subnet it stands in.')
param subnetId string

@description('Resource id of what it leads to.')
param targetId string

@description('Part of the target: blob, queue or table of a storage account, vault, cluster.')
param groupId string

@description('Resource ids of the private DNS zones that get its records.')
param zoneIds string[]

resource endpoint 'Microsoft.Network/privateEndpoints@2025-01-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    subnet: {
      id: subnetId
    }
    privateLinkServiceConnections: [
      {
        name: groupId
        properties: {
          privateLinkServiceId: targetId
          groupIds: [
            groupId
          ]
        }
      }
    ]
  }
}

var zoneConfigs = [
  for zoneId in zoneIds: {
    name: replace(last(split(zoneId, '/')), '.', '-')
    properties: {
      privateDnsZoneId: zoneId
    }
  }
]

resource zoneGroup 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-01-01' = {
  parent: endpoint
  name: 'default'
  properties: {
    privateDnsZoneConfigs: zoneConfigs
  }
}

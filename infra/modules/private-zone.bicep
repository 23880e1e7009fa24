metadata name = 'Private zone'
metadata description = 'A private DNS zone, linked to a virtual network.'

import { Tags } from 'types.bicep'

@description('Name of the zone, privatelink.<something>.')
param name string

@description('Tags of the zone.')
param tags Tags

@description('Resource id of the virtual network that looks names up in it.')
param networkId string

resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' = {
  name: name
  location: 'global'
  tags: tags
}

resource link 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = {
  parent: zone
  name: last(split(networkId, '/'))
  location: 'global'
  tags: tags
  properties: {
    registrationEnabled: false
    virtualNetwork: {
      id: networkId
    }
  }
}

@description('Resource id of the zone.')
output id string = zone.id

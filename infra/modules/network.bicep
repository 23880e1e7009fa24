metadata name = 'Network'
metadata description = 'Virtual network: one subnet for the app\'s outbound traffic, one for private endpoints.'

import { Tags } from 'types.bicep'

@description('Name of the virtual network.')
param name string

@description('Azure region.')
param location string

@description('Tags of the virtual network.')
param tags Tags

@description('Address range, in CIDR form, /23 or larger. Choose one that overlaps no network it is to be peered with.')
param addressPrefix string

// Names without underscore: Flex Consumption does not take a subnet with one.
resource network 'Microsoft.Network/virtualNetworks@2025-01-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: {
      addressPrefixes: [
        addressPrefix
      ]
    }
    // Inline, not as children: a child subnet is lost when this resource is deployed again.
    subnets: [
      {
        name: 'app'
        properties: {
          // A Flex Consumption app sends all its outbound traffic through this subnet. Give it a NAT gateway or a route to a firewall
          // here where outbound addresses must be known.
          addressPrefix: cidrSubnet(addressPrefix, 24, 0)
          delegations: [
            {
              name: 'functions'
              properties: {
                // Flex Consumption: not Microsoft.Web/serverFarms. The subscription needs the resource provider Microsoft.App.
                serviceName: 'Microsoft.App/environments'
              }
            }
          ]
        }
      }
      {
        name: 'private-endpoints'
        properties: {
          // The cluster's endpoint alone takes a /28 at least, more as it adds storage accounts for ingestion (docs: "Private
          // endpoints for Azure Data Explorer", subnet size: /24 to be safe).
          addressPrefix: cidrSubnet(addressPrefix, 24, 1)
          privateEndpointNetworkPolicies: 'Disabled'
        }
      }
    ]
  }

  resource appSubnet 'subnets' existing = {
    name: 'app'
  }

  resource endpointSubnet 'subnets' existing = {
    name: 'private-endpoints'
  }
}

@description('Resource id of the virtual network.')
output id string = network.id

@description('Resource id of the subnet of the app.')
output appSubnetId string = network::appSubnet.id

@description('Resource id of the subnet of private endpoints.')
output endpointSubnetId string = network::endpointSubnet.id

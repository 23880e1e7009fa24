metadata name = 'Private link'
metadata description = 'Private endpoints of storage, Key Vault and (where it is ours) the cluster, with their DNS zones.'

import { Tags } from 'types.bicep'

@description('Azure region.')
param location string

@description('Tags of everything here.')
param tags Tags

@description('Start of the endpoints\' names.')
param namePrefix string

@description('Resource id of the virtual network.')
param networkId string

@description('Resource id of the subnet of private endpoints.')
param subnetId string

@description('Resource id of the storage account.')
param storageAccountId string

@description('Resource id of the Key Vault.')
param keyVaultId string

@description('Resource id of the cluster. Empty: no endpoint for it (a cluster that is not ours: its owner decides who reaches it how).')
param kustoClusterId string

@description('Engine endpoint of the cluster, for the name of its DNS zone. Empty with kustoClusterId.')
param kustoUri string

// The host needs blobs, queues and tables; landing, spool and retries need the first two.
var storageServices = [
  'blob'
  'queue'
  'table'
]

module storageZones 'private-zone.bicep' = [
  for service in storageServices: {
    params: {
      name: 'privatelink.${service}.${environment().suffixes.storage}'
      tags: tags
      networkId: networkId
    }
  }
]

module storageEndpoints 'private-endpoint.bicep' = [
  for (service, i) in storageServices: {
    params: {
      name: '${namePrefix}${service}'
      location: location
      tags: tags
      subnetId: subnetId
      targetId: storageAccountId
      groupId: service
      zoneIds: [
        storageZones[i].outputs.id
      ]
    }
  }
]

// The suffix is `.vault.<cloud>`; private link names live under `vaultcore`.
module vaultZone 'private-zone.bicep' = {
  params: {
    name: 'privatelink${replace(environment().suffixes.keyvaultDns, '.vault.', '.vaultcore.')}'
    tags: tags
    networkId: networkId
  }
}

module vaultEndpoint 'private-endpoint.bicep' = {
  params: {
    name: '${namePrefix}vault'
    location: location
    tags: tags
    subnetId: subnetId
    targetId: keyVaultId
    groupId: 'vault'
    zoneIds: [
      vaultZone.outputs.id
    ]
  }
}

// https://<cluster>.<region>.kusto.<cloud> -> privatelink.<region>.kusto.<cloud>
var kustoDomain = join(skip(split(replace(kustoUri, 'https://', ''), '.'), 1), '.')

module kustoZone 'private-zone.bicep' = if (!empty(kustoClusterId)) {
  params: {
    name: 'privatelink.${kustoDomain}'
    tags: tags
    networkId: networkId
  }
}

// One endpoint for engine, ingestion endpoint and the storage accounts that queued ingestion writes to: that is why the zones of
// storage are among the four it requires (docs: "Create a private endpoint for Azure Data Explorer", requiredZoneNames).
module kustoEndpoint 'private-endpoint.bicep' = if (!empty(kustoClusterId)) {
  params: {
    name: '${namePrefix}kusto'
    location: location
    tags: tags
    subnetId: subnetId
    targetId: kustoClusterId
    groupId: 'cluster'
    zoneIds: [
      kustoZone!.outputs.id
      storageZones[0].outputs.id
      storageZones[1].outputs.id
      storageZones[2].outputs.id
    ]
  }
  // Both write records into the zones of storage.
  dependsOn: [
    storageEndpoints
  ]
}

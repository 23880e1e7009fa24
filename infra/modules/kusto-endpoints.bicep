metadata name = 'Kusto endpoints'
metadata description = 'What a cluster that exists says of itself: endpoints and identity. Deploys nothing.'

@description('Name of the cluster.')
param clusterName string

resource cluster 'Microsoft.Kusto/clusters@2024-04-13' existing = {
  name: clusterName
}

// Asked from the resource, never built from its name: other clouds have other hosts.
@description('Engine endpoint: streaming ingestion and queries.')
output uri string = cluster.properties.uri

@description('Ingestion endpoint: queued ingestion.')
output ingestUri string = cluster.properties.dataIngestionUri

@description('Object id of the cluster\'s system-assigned identity; empty where it has none.')
output principalId string = cluster.?identity.?principalId ?? ''

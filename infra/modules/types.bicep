metadata name = 'Types'
metadata description = 'Types that several modules share. Deploys nothing.'

@export()
@description('Tags of a resource: name to value.')
type Tags = {
  @description('Value of a tag.')
  *: string
}

@export()
@description('Kind of a Microsoft Entra principal, as Azure role assignments and azd (AZURE_PRINCIPAL_TYPE) name it.')
type PrincipalType = 'User' | 'Group' | 'ServicePrincipal'

@export()
@description('A Microsoft Entra principal of this tenant.')
type Principal = {
  @description('Object id.')
  principalId: string

  @description('Kind of the principal.')
  principalType: PrincipalType
}

@export()
@description('Where the app ingests.')
type KustoTarget = {
  @description('Engine endpoint.')
  clusterUri: string

  @description('Ingestion endpoint; empty: the app derives it from the engine endpoint.')
  ingestUri: string

  @description('Database of every route that names none.')
  database: string

  @description('How the cluster reads a blob that is queued by reference: managed_identity=system or sas.')
  blobAccess: 'managed_identity=system' | 'sas'
}

@export()
@description('Limits that the app reads from its settings.')
type Limits = {
  @description('Largest HTTP body, in bytes as sent.')
  maxBodyBytes: int

  @description('Largest HTTP body, in bytes after decompression.')
  maxRawBytes: int

  @description('Time an invocation may take where the route gives none, in seconds.')
  deadlineSeconds: int

  @description('Wait before the first try of what was spooled, in seconds.')
  retryDelaySeconds: int
}

@export()
@description('Size and number of the instances of the function app.')
type Scaling = {
  @description('Memory of an instance, in MB.')
  instanceMemoryMB: 512 | 2048 | 4096

  @description('Most instances at once.')
  maximumInstanceCount: int

  @description('HTTP requests at once on an instance.')
  httpConcurrency: int

  @description('Instances that always wait for HTTP requests.')
  alwaysReadyHttp: int

  @description('Instances that always wait for blob events.')
  alwaysReadyBlob: int

  @description('Whether instances are spread over availability zones.')
  zoneRedundant: bool
}

metadata name = 'Event subscription'
metadata description = 'Tells Event Grid to call the app for every new blob of the landing container. Deployed after the code.'

// Apart from main.bicep, because of the order of things: Event Grid makes the subscription only when the endpoint answers its
// handshake, the endpoint answers only when the code is deployed, and its key (blobs_extension) exists only when the host has started
// with a blob trigger. The postdeploy hook (infra/hooks/postdeploy.py) waits for the key, then deploys this file, and tries again while
// the host is cold or the topic's role is not yet known everywhere. Deploying it again changes nothing.

@description('Name of the function app.')
param functionAppName string

@description('Name of the Event Grid system topic of the storage account.')
param topicName string

@description('Name of the storage account.')
param storageAccountName string

@description('Name of the blob trigger, as function_app.py has it.')
param functionName string = 'blob_created'

@description('Container whose blobs are ingested.')
param landingContainer string = 'landing'

@description('Container of the events that Event Grid gave up on.')
param eventDeadLetterContainer string = 'eventgrid-deadletters'

resource site 'Microsoft.Web/sites@2024-11-01' existing = {
  name: functionAppName
}

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: storageAccountName
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: topicName
}

// Read inside the deployment: the key is in no parameter, no output and no log.
var key = uriComponent(listKeys('${site.id}/host/default', '2024-11-01').systemKeys.blobs_extension)

resource landingEvents 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: 'blob-created'
  properties: {
    destination: {
      endpointType: 'WebHook'
      properties: {
        endpointUrl: 'https://${site.properties.defaultHostName}/runtime/webhooks/blobs?functionName=Host.Functions.${functionName}&code=${key}'
        minimumTlsVersionAllowed: '1.2'
      }
    }
    // The schema that the host's webhook reads.
    eventDeliverySchema: 'EventGridSchema'
    // The host enqueues every event it is sent and checks neither type nor path: this filter is the only one.
    filter: {
      includedEventTypes: [
        'Microsoft.Storage.BlobCreated'
      ]
      // The slash at the end: without it, containers whose names only begin the same would match.
      subjectBeginsWith: '/blobServices/default/containers/${landingContainer}/'
      advancedFilters: [
        {
          // With a hierarchical namespace or SFTP these two announce a file of zero bytes, before its content is there. A list of what is
          // refused, not of what is taken: a blob written by an operation that we do not know must not be lost.
          key: 'data.api'
          operatorType: 'StringNotIn'
          values: [
            'CreateFile'
            'SftpCreate'
          ]
        }
      ]
    }
    // The longest that Event Grid offers: 24 hours.
    retryPolicy: {
      maxDeliveryAttempts: 30
      eventTimeToLiveInMinutes: 1440
    }
    // By the topic's own identity: shared keys are off, and a firewall lets no other kind through.
    deadLetterWithResourceIdentity: {
      identity: {
        type: 'SystemAssigned'
      }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: {
          resourceId: account.id
          blobContainerName: eventDeadLetterContainer
        }
      }
    }
  }
}

@description('Name of the subscription.')
output EVENT_SUBSCRIPTION_NAME string = landingEvents.name

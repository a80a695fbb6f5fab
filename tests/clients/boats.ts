// A kind of our own that the stock clients work with.

/** The definition of Boats, as a person would write it. */
export const boatDefinition = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boats.sea.example.com}
spec:
  group: sea.example.com
  scope: Namespaced
  names: {plural: boats, singular: boat, kind: Boat, listKind: BoatList, shortNames: [bt], categories: [all]}
  versions:
    - name: v1
      served: true
      storage: true
      subresources: {status: {}, scale: {specReplicasPath: .spec.crew, statusReplicasPath: .status.onBoard}}
      additionalPrinterColumns:
        - {name: Crew, type: integer, jsonPath: .spec.crew}
        - {name: Ready, type: string, jsonPath: '.status.conditions[?(@.type=="Ready")].status'}
      schema:
        openAPIV3Schema:
          type: object
          description: A boat and who sails it
          properties:
            spec:
              type: object
              required: [crew]
              properties:
                crew: {type: integer, format: int32, minimum: 1, maximum: 50, description: How many sail}
                image: {type: string, default: 'sailor:1'}
              x-kubernetes-validations:
                - {rule: 'self.crew != 13', message: nobody sails with thirteen}
            status:
              type: object
              properties:
                onBoard: {type: integer, format: int32}
                conditions:
                  type: array
                  x-kubernetes-list-type: map
                  x-kubernetes-list-map-keys: [type]
                  items:
                    type: object
                    required: [type, status]
                    properties: {type: {type: string}, status: {type: string}, reason: {type: string}, message: {type: string}, lastTransitionTime: {type: string, format: date-time}, observedGeneration: {type: integer, format: int64}}
`

export const aBoat = (name: string, crew: number, metadata: object = {}): object => ({ apiVersion: 'sea.example.com/v1', kind: 'Boat', metadata: { name, namespace: 'default', ...metadata }, spec: { crew, image: 'sailor:1' } })

// The library in a program that runs on a Node before 25, such as a test runner's: what the language has gained since, and we use, is filled in.
// The package runs this before anything else of the library, on such a Node only (tools/bundle.ts). The commands and the agent bring a Node of their own.
import 'core-js/es/array/from-async.js'
import 'core-js/es/iterator/index.js'
import 'core-js/es/map/group-by.js'
import 'core-js/es/object/group-by.js'
import 'core-js/es/promise/with-resolvers.js'
import 'core-js/es/regexp/escape.js'
import 'core-js/es/set/index.js'
import 'core-js/es/typed-array/from-base64.js'
import 'core-js/es/typed-array/to-base64.js'

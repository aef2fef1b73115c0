/** The only import of node-forge. */
export {default as forge} from 'node-forge'

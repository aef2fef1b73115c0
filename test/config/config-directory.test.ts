import {resolve} from 'node:path'
import * as assert from 'uvu/assert'
import {authDirectory, configDirectory} from '../../src/config/config-directory.js'
import {defaultPlaces} from '../../src/config/places.js'
import {suite} from '../support/suite.js'

const directory = suite('Configuration directory')

directory('the flag wins over the environment, and both name the directory of the accounts too', () => {
  assert.is(configDirectory('conf', {COURIER_CONFIG: '/other'}), resolve('conf'))
  assert.is(authDirectory('conf', {COURIER_CONFIG: '/other'}), resolve('conf'))
  assert.is(configDirectory(undefined, {COURIER_CONFIG: '/other'}), '/other')
  assert.is(authDirectory(undefined, {COURIER_CONFIG: '/other'}), '/other')
})

directory('without either it is a directory of the packages', () => {
  assert.match(configDirectory(undefined, {}), /^\/(etc|usr\/lib)\/courier/)
  assert.match(authDirectory(undefined, {COURIER_CONFIG: ''}), /^\/etc\/(courier|authlib)$/)
})

directory('state, run and cache directories follow XDG for an ordinary user', () => {
  const home = '/home/jane'
  assert.equal(defaultPlaces({root: false, home, env: {}}), {
    state: '/home/jane/.local/state/courier',
    run: '/home/jane/.local/state/courier/run',
    cache: '/home/jane/.cache/courier',
  })
  assert.equal(
    defaultPlaces({root: false, home, env: {XDG_STATE_HOME: '/s', XDG_RUNTIME_DIR: '/run/user/5', XDG_CACHE_HOME: 'relative'}}),
    {state: '/s/courier', run: '/run/user/5/courier', cache: '/home/jane/.cache/courier'},
  )
  assert.is(defaultPlaces({root: true, home: '/root', env: {}}).run, '/run/courier')
})

directory('COURIER_STATE, COURIER_RUN and COURIER_CACHE name other ones, when they are absolute', () => {
  const env = {COURIER_STATE: '/s', COURIER_RUN: 'r', COURIER_CACHE: '/c'}
  assert.equal(defaultPlaces({root: true, home: '/root', env}), {state: '/s', run: '/run/courier', cache: '/c'})
})

directory.run()

import { Command } from 'commander'
import { action } from '../command.js'
import { request, withReason, type RequestOptions } from './request.js'

export const thawCommand = (): Command =>
  withReason(
    new Command('thaw')
      .description('let the policy of a frozen run decide again')
      .argument('<run>', 'name of the run'),
  ).action(action<RequestOptions>((context, run) => request(context, run, 'thaw')))

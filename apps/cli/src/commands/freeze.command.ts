import { Command } from 'commander'
import { action } from '../command.js'
import { request, withReason, type RequestOptions } from './request.js'

export const freezeCommand = (): Command =>
  withReason(
    new Command('freeze')
      .description("keep a run's mixture as it is; the policy goes on watching")
      .argument('<run>', 'name of the run'),
  ).action(action<RequestOptions>((context, run) => request(context, run, 'freeze')))

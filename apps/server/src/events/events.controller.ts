import { Body, Controller, HttpCode, Post } from '@nestjs/common'
import {
  ApiAcceptedResponse,
  ApiBody,
  ApiConsumes,
  ApiOperation,
  ApiTags,
  ApiUnprocessableEntityResponse,
} from '@nestjs/swagger'
import { Events } from './events.service.js'

/** The way in for trainers without Kafka. */
@ApiTags('events')
@Controller('v1/events')
export class EventsController {
  constructor(private readonly events: Events) {}

  @Post()
  @HttpCode(202)
  @ApiOperation({
    summary:
      'CloudEvents from a trainer, one or a batch; answers once Kafka has them all. All or none are taken.',
  })
  @ApiConsumes('application/cloudevents-batch+json', 'application/cloudevents+json', 'application/json')
  @ApiBody({
    description:
      'A CloudEvents 1.0 event, or an array of them; `type` is mixdesk.<name>.v1, `data` as in the JSON Schemas.',
    schema: { oneOf: [{ type: 'object' }, { type: 'array', items: { type: 'object' } }] },
  })
  @ApiAcceptedResponse({ description: '{ accepted: number }' })
  @ApiUnprocessableEntityResponse({
    description:
      'A problem document with `faults`, the first 100: { index, because, code?, retriable? }. Retriable ones may be sent again as they are; `runNotStarted`: the run is not known (yet).',
  })
  async take(@Body() body: unknown) {
    return { accepted: await this.events.take(Array.isArray(body) ? (body as unknown[]) : [body]) }
  }
}

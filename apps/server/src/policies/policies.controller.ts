import { Controller, Get, Param } from '@nestjs/common'
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger'
import { allPolicies, describePolicy, findPolicy } from '@mixdesk/policies'
import { ProblemException } from '../platform/problem.js'

/** What a run may be mixed by, with every setting: for people, and for forms. */
@ApiTags('policies')
@Controller('v1/policies')
export class PoliciesController {
  @Get()
  @ApiOperation({ summary: 'Every policy there is, with settings, needs and sources.' })
  @ApiOkResponse({ description: '{ policies }' })
  list() {
    return { policies: allPolicies().map(describePolicy) }
  }

  @Get(':name')
  @ApiParam({ name: 'name' })
  @ApiOperation({ summary: 'One policy.' })
  show(@Param('name') name: string) {
    const policy = findPolicy(name)
    if (policy !== undefined) return describePolicy(policy)
    const known = allPolicies().map((one) => one.name)
    throw new ProblemException(404, `There is no policy "${name}"; there are: ${known.join(', ')}.`)
  }
}

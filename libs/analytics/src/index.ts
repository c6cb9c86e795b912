export type * from './analytics.js'
export { AnalyticsError } from './analytics-error.js'

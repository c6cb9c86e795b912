export type * from './analytics.js'
export { AnalyticsError } from './analytics-error.js'
export { createChdbAnalytics } from './create-chdb-analytics.js'

/** Many filters in one pass. */

export { compileRules, type Rule } from './facade.js';
export { ABSENT, type Field, fieldOf, type Interval, partOf, readField } from './field.js';
export { type Condition, conditionKey, type Need, type Walkable, walkable } from './necessary.js';
export { type FilterRule, LinkRules, RuleError, RuleSet } from './ruleSet.js';
export { rulesAccelerator } from './skip.js';
export type { Known } from './symbolic.js';

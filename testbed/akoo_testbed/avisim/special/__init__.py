"""The rules of kinds that are more than their table."""

from akoo_testbed.avisim import rules
from akoo_testbed.avisim.special import tenants, users

RULES: rules.Rules = {
    "tenant": tenants.TenantRule(),
    "user": users.UserRule(),
    "role": users.RoleRule(),
}

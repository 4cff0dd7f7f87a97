"""The rules of kinds that are more than their table."""

from akoo_testbed.avisim.objects import rules
from akoo_testbed.avisim.special import certificates, networks, services, tenants, users, vips

RULES: rules.Rules = {
    "cloud": networks.CloudRule(),
    "ipamdnsproviderprofile": networks.IpamRule(),
    "network": networks.NetworkRule(),
    "role": users.RoleRule(),
    "sslkeyandcertificate": certificates.CertificateRule(),
    "tenant": tenants.TenantRule(),
    "user": users.UserRule(),
    "virtualservice": services.VirtualServiceRule(),
    "vsvip": vips.VsVipRule(),
}

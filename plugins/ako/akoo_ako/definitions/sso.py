"""SSORule: OAuth and SAML in front of a host name."""

from __future__ import annotations

from akoo_ako.definitions.schema import (
    Schema,
    choice,
    exactly_one,
    fields,
    flag,
    many,
    number,
    plain_status,
    required,
    root,
    text,
)

_COOKIE_MINUTES = number(1, 1440, default=60)


def sso_rule() -> Schema:
    """SSORule."""
    spec = fields(
        fqdn=required(text()),
        oauthVsConfig=_oauth(),
        samlSpConfig=_saml(),
        ssoPolicyRef=required(text()),
    )
    return root(exactly_one(spec, "oauthVsConfig", "samlSpConfig"), plain_status())


def _oauth() -> Schema:
    oidc = fields(oidcEnable=flag(), profile=flag(default=True), userinfo=flag())
    app = fields(
        clientID=required(text()),
        clientSecret=required(text()),
        oidcConfig=oidc,
        scopes=many(text()),
    )
    server = fields(
        accessType=required(choice("ACCESS_TOKEN_TYPE_JWT", "ACCESS_TOKEN_TYPE_OPAQUE")),
        introspectionDataTimeout=number(0, 1440, default=0),
        jwtParams=fields(audience=required(text())),
        opaqueTokenParams=fields(serverID=required(text()), serverSecret=required(text())),
    )
    settings = fields(
        appSettings=app,
        authProfileRef=required(text()),
        resourceServer=exactly_one(server, "jwtParams", "opaqueTokenParams"),
    )
    return fields(
        cookieName=text(),
        cookieTimeout=_COOKIE_MINUTES,
        logoutURI=text(),
        oauthSettings=many(settings),
        postLogoutRedirectURI=text(),
        redirectURI=text(),
    )


def _saml() -> Schema:
    kinds = (f"SAML_AUTHN_REQ_ACS_TYPE_{name}" for name in ("URL", "INDEX", "NONE"))
    return fields(
        acsIndex=number(0, 64),
        authnReqAcsType=required(choice(*kinds)),
        cookieName=text(),
        cookieTimeout=_COOKIE_MINUTES,
        entityID=required(text()),
        signingSslKeyAndCertificateRef=text(),
        singleSignonURL=required(text()),
        useIdpSessionTimeout=flag(),
    )

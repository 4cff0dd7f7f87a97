"""All Avi objects that AKO wants for what is in its cluster; pure."""

from akoo_testbed.akosim import layer4, model, names
from akoo_testbed.akosim.config import Config
from akoo_testbed.akosim.layer7 import Layer7
from akoo_testbed.akosim.site import Maker, Site
from akoo_testbed.akosim.world import World


def desired(config: Config, site: Site, world: World) -> list[model.Wanted]:
    """The wanted objects, in no particular order; each key once.

    What has too long a name is left out; what refers to it will be refused by Avi.
    """
    maker = Maker(config, site)
    found = [*layer4.desired(maker, world), *Layer7(maker, world).desired()]
    short = [each for each in found if len(each.key.name) <= names.NAME_LIMIT]
    return list({each.key: each for each in short}.values())

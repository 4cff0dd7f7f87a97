"""All Avi objects that AKO wants for what is in its cluster; pure."""

from akoo_testbed.akosim import layer4, model
from akoo_testbed.akosim.config import Config
from akoo_testbed.akosim.site import Maker, Site
from akoo_testbed.akosim.world import World


def desired(config: Config, site: Site, world: World) -> list[model.Wanted]:
    """The wanted objects, in no particular order; each key once."""
    maker = Maker(config, site)
    found = [*layer4.desired(maker, world)]
    return list({each.key: each for each in found}.values())

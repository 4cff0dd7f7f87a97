"""`akoo-core check`: the systems outside, as the plugins reach them. It needs no cluster."""

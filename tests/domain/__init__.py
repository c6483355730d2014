"""The domain's sentences, one by one."""

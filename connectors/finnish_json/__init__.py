"""JSON events with Finnish names: what the employment services' and the TYP wire formats share."""

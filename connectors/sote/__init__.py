"""Wellbeing services counties: HL7 FHIR R4."""

"""Stripe as the payment provider, by its own library. `provider` is the place to start; docs/payment-providers.md tells
how an account is set up."""

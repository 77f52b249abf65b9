"""Payment providers behind one interface: `usecases.ports.Provider`. PAYMENT_PROVIDER names the one in use."""

"""What is said to others of events: CAP messages, webhooks, e-mail and chat. Each listener has a cursor of its own in the changes of events.

    tell       which changes are worth telling (pure)      threads    who was told what, and the cursor
    phrase     the words of a message (pure)               cap        a message as CAP 1.2 (pure), with config/cap.toml (kinds)
    caps       cap.db: messages in order, for ever         writer     follows the changes into it, in the web role
    guard      which addresses may be spoken to            webhook    one signed POST to the address that was checked
    notify     e-mail and chat through apprise             book       alerts.db: cursors, what waits, dead letters
    target     one target's loop                           role       the process

Rules: docs/alerts.md and docs/decisions/0021.
"""

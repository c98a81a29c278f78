"""The top floor: the loop, the conversation, the models, the sessions, the front ends, the command line."""

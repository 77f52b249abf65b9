"""The local stack: private servers and the services of the Procfile, kept running by a supervisor.

Everything a stack keeps is in one state folder (`HANSOM_HOME`, else `.hansom` in the repository), so several stacks can
stand beside each other on one machine.
"""

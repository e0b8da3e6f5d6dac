"""The AWS CLI without its start: the very program, each time in a fork of one process that has loaded it.

A start of the AWS CLI costs most of a second, and the tests need many hundreds. What stays as it is: the program,
its arguments, environment, folder, input, output and exit code. `AWS_CLI` is the one that starts anew.
"""

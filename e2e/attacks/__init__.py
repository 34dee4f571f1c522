# SPDX-License-Identifier: Apache-2.0
"""The attack tables as data: one row for each spelling of each technique."""

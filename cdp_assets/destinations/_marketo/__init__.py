"""The parts of the destination `marketo`: calls, what errors mean, leads and static lists, bulk imports."""

// SPDX-License-Identifier: Apache-2.0
import Glibc
import Linux

exit(RoomProbe.run(ThisProcess.arguments.map(\.description)))

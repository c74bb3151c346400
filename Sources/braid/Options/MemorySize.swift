import ArgumentParser
import Interchange

/// A number of bytes as options take it.
struct MemorySize: ExpressibleByArgument {
    var bytes: Int

    init?(argument: String) {
        guard let bytes = MachineMemory.bytes(argument) else { return nil }
        self.bytes = bytes
    }
}

import CompiledC

extension ArrayCall {
    /// Calls the function for a task, on the buffers' bytes.
    func run(task: Int, _ memory: KernelMemory) throws(KernelError) {
        let entry: ArrayFunction.Entry
        do throws(CompilationError) {
            entry = try function.entry(computingIn: .float)
        } catch {
            throw .arguments(kernel: name, message: error.description)
        }
        let addresses = arrays.map { array in
            memory.contents(array.buffer.index).baseAddress.map { $0 + 4 * (array.start + task * array.step) }
        }
        entry(addresses, shape.map(Int64.init))
    }
}

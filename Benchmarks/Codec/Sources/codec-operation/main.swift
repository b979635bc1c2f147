import CodecOperations

try repeatOperation(Arguments()) { body in
    try ourOperations(on: body) + referenceOperations(on: body)
}

import CodecOperations
import Foundation

// usage: codec-comparison [--seconds S] [--bodies FOLDER]       the table of times and allocations
//        codec-comparison --operation NAME --body NAME --repeat N          for callgrind

func operations(on body: Body) throws -> [CodecOperations.Operation] {
    try ourOperations(on: body) + referenceOperations(on: body) + swiftProtobufOperations(on: body)
}

let arguments = Arguments()
if arguments["operation"] != nil {
    try repeatOperation(arguments, of: operations)
} else {
    for name in Body.names {
        let body = try Body(name, in: arguments.bodies)
        let measured = measure(
            try operations(on: body), seconds: Double(arguments.number("seconds", default: 8)))
        printTable(measured, of: body)
    }
}

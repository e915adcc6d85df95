// mongo-java-server on loopback, with its collections in one H2 file: a stand-in that answers like a MongoDB and is none.
import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.backend.h2.H2Backend;

public class Server {
  public static void main(String[] arguments) throws InterruptedException {
    if (arguments.length != 2) {
      System.err.println("usage: Server PORT FILE");
      System.exit(64);
    }
    MongoServer server = new MongoServer(new H2Backend(arguments[1]));
    Runtime.getRuntime().addShutdownHook(new Thread(server::shutdownNow));
    server.bind("127.0.0.1", Integer.parseInt(arguments[0]));
    Thread.currentThread().join();
  }
}

// Spring Authorization Server with its defaults and three people: SpringProvider PORT. Clients and roles come by /control, which the
// tests alone can reach. Ids and claims of tokens are Spring's own but for "groups", which holds a person's roles.

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.http.MediaType;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.oauth2.core.AuthorizationGrantType;
import org.springframework.security.oauth2.core.ClientAuthenticationMethod;
import org.springframework.security.oauth2.server.authorization.InMemoryOAuth2AuthorizationService;
import org.springframework.security.oauth2.server.authorization.OAuth2Authorization;
import org.springframework.security.oauth2.server.authorization.OAuth2AuthorizationService;
import org.springframework.security.oauth2.server.authorization.OAuth2TokenType;
import org.springframework.security.oauth2.server.authorization.client.InMemoryRegisteredClientRepository;
import org.springframework.security.oauth2.server.authorization.client.RegisteredClient;
import org.springframework.security.oauth2.server.authorization.client.RegisteredClientRepository;
import org.springframework.security.oauth2.server.authorization.settings.AuthorizationServerSettings;
import org.springframework.security.oauth2.server.authorization.settings.ClientSettings;
import org.springframework.security.oauth2.server.authorization.settings.OAuth2TokenFormat;
import org.springframework.security.oauth2.server.authorization.settings.TokenSettings;
import org.springframework.security.oauth2.server.authorization.token.JwtEncodingContext;
import org.springframework.security.oauth2.server.authorization.token.OAuth2TokenClaimsContext;
import org.springframework.security.oauth2.server.authorization.token.OAuth2TokenCustomizer;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.authentication.LoginUrlAuthenticationEntryPoint;
import org.springframework.security.web.util.matcher.MediaTypeRequestMatcher;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;

@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
public class SpringProvider {
    static final Map<String, List<String>> roles =
        new ConcurrentHashMap<>(Map.of("alice", List.of("spark-user"), "root", List.of("spark-admin"), "nobody", List.of()));
    static String issuer;

    public static void main(String[] args) {
        issuer = "http://127.0.0.1:" + args[0];
        SpringApplication.run(SpringProvider.class, "--server.address=127.0.0.1", "--server.port=" + args[0],
            "--spring.main.banner-mode=off", "--server.tomcat.threads.max=8");
    }

    @Bean
    @Order(1)
    SecurityFilterChain endpoints(HttpSecurity http) throws Exception {
        var html = new MediaTypeRequestMatcher(MediaType.TEXT_HTML);
        html.setIgnoredMediaTypes(Set.of(MediaType.ALL));
        return http
            .oauth2AuthorizationServer(server -> {
                http.securityMatcher(server.getEndpointsMatcher());
                server.oidc(Customizer.withDefaults());
            })
            .authorizeHttpRequests(all -> all.anyRequest().authenticated())
            .exceptionHandling(to -> to.defaultAuthenticationEntryPointFor(new LoginUrlAuthenticationEntryPoint("/login"), html))
            .build();
    }

    @Bean
    @Order(2)
    SecurityFilterChain controlled(HttpSecurity http) throws Exception {
        return http.securityMatcher("/control/**").csrf(csrf -> csrf.disable()).authorizeHttpRequests(all -> all.anyRequest().permitAll()).build();
    }

    @Bean
    @Order(3)
    SecurityFilterChain people(HttpSecurity http) throws Exception {
        return http.authorizeHttpRequests(all -> all.anyRequest().authenticated()).formLogin(Customizer.withDefaults()).build();
    }

    @Bean
    UserDetailsService users() {
        return new InMemoryUserDetailsManager(
            roles.keySet().stream().map(name -> User.withUsername(name).password("{noop}password").build()).toList());
    }

    @Bean
    AuthorizationServerSettings settings() {
        return AuthorizationServerSettings.builder().issuer(issuer).build();
    }

    // a repository wants one client from the first
    @Bean
    InMemoryRegisteredClientRepository clients() {
        return new InMemoryRegisteredClientRepository(RegisteredClient.withId("first").clientId("first").clientSecret("{noop}first")
            .clientAuthenticationMethod(ClientAuthenticationMethod.CLIENT_SECRET_BASIC)
            .authorizationGrantType(AuthorizationGrantType.CLIENT_CREDENTIALS).build());
    }

    @Bean
    Grants grants() {
        return new Grants();
    }

    @Bean
    OAuth2TokenCustomizer<JwtEncodingContext> signed() {
        return context -> context.getClaims().claim("groups", roles.getOrDefault(context.getPrincipal().getName(), List.of()));
    }

    @Bean
    OAuth2TokenCustomizer<OAuth2TokenClaimsContext> opaque() {
        return context -> context.getClaims().claim("groups", roles.getOrDefault(context.getPrincipal().getName(), List.of()));
    }

    // Knows whose grants there are, which Spring's own does not say.
    static class Grants implements OAuth2AuthorizationService {
        private final InMemoryOAuth2AuthorizationService all = new InMemoryOAuth2AuthorizationService();
        private final Map<String, OAuth2Authorization> byId = new ConcurrentHashMap<>();

        public void save(OAuth2Authorization grant) {
            byId.put(grant.getId(), grant);
            all.save(grant);
        }

        public void remove(OAuth2Authorization grant) {
            byId.remove(grant.getId());
            all.remove(grant);
        }

        public OAuth2Authorization findById(String id) {
            return all.findById(id);
        }

        public OAuth2Authorization findByToken(String token, OAuth2TokenType type) {
            return all.findByToken(token, type);
        }

        void endAllOf(String person) {
            byId.values().stream().filter(grant -> grant.getPrincipalName().equals(person)).toList().forEach(this::remove);
        }
    }

    record Client(String name, String secret, List<String> redirects, List<String> after, int accessTtl, boolean opaque) {}
    record Roles(String user, List<String> roles) {}
    record Person(String user) {}

    @RestController
    static class Control {
        private final InMemoryRegisteredClientRepository clients;
        private final Grants grants;

        Control(InMemoryRegisteredClientRepository clients, Grants grants) {
            this.clients = clients;
            this.grants = grants;
        }

        @PostMapping("/control/client")
        Map<String, String> client(@RequestBody Client wanted) {
            var client = RegisteredClient.withId(wanted.name()).clientId(wanted.name())
                .authorizationGrantType(AuthorizationGrantType.AUTHORIZATION_CODE).authorizationGrantType(AuthorizationGrantType.REFRESH_TOKEN)
                .redirectUris(uris -> uris.addAll(wanted.redirects())).postLogoutRedirectUris(uris -> uris.addAll(wanted.after()))
                .scopes(scopes -> scopes.addAll(List.of("openid", "profile", "groups")))
                .clientSettings(ClientSettings.builder().requireProofKey(true).requireAuthorizationConsent(false).build())
                .tokenSettings(TokenSettings.builder().accessTokenTimeToLive(Duration.ofSeconds(wanted.accessTtl()))
                    .accessTokenFormat(wanted.opaque() ? OAuth2TokenFormat.REFERENCE : OAuth2TokenFormat.SELF_CONTAINED).build());
            if (wanted.secret() == null)
                client.clientAuthenticationMethod(ClientAuthenticationMethod.NONE);
            else
                client.clientSecret("{noop}" + wanted.secret()).clientAuthenticationMethod(ClientAuthenticationMethod.CLIENT_SECRET_BASIC)
                    .clientAuthenticationMethod(ClientAuthenticationMethod.CLIENT_SECRET_POST);
            clients.save(client.build());
            return Map.of();
        }

        @PostMapping("/control/roles")
        Map<String, String> roles(@RequestBody Roles wanted) {
            roles.put(wanted.user(), wanted.roles());
            return Map.of();
        }

        @PostMapping("/control/end")
        Map<String, String> end(@RequestBody Person whose) {
            grants.endAllOf(whose.user());
            return Map.of();
        }
    }
}
